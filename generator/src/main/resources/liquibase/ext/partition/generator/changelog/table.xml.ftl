<#import "steps.ftl" as steps>
<#-- The changesets of one table, or of the exchange of one partition, which changelog.xml.ftl puts into the changelog. Each says logicalFilePath, its identity. -->
<#macro about step>
  <#assign lines = steps.about[step]>
  <#if lines?size == 1>
  <!-- [=lines?first] -->
  <#else>
  <!--
    <#list lines as line>
    [=line]
    </#list>
  -->
  </#if>
</#macro>
<#assign source><#if schemaName??>schemaName="[=schemaName]" </#if>tableName="[=tableName]"</#assign>
<#assign key = keyColumns?join(",")>
<#-- The settings of a step, each on a line; nothing where the config says nothing. -->
<#macro tuned step indent><#list steps.tuning[step] as name><#if .data_model[name]??>

[=indent][=name]="[=.data_model[name]]"</#if></#list></#macro>
<#-- What the gate asks about and what the change makes are one list of attributes. -->
<#macro newTable element indent>
[=indent]<partition:[=element] [=source]
<#if element == "partitionable">
[=indent]    keyColumns="[=key]"
</#if>
[=indent]    newTableName="[=newTableName]"
[=indent]    partitionColumns="[=partitionColumns?join(",")]"
<#if combinedColumn??>
[=indent]    combinedColumn="[=combinedColumn]"
</#if>
<#if textFormat??>
[=indent]    textFormat="[=textFormat]"
</#if>
<#if epoch??>
[=indent]    epoch="[=epoch]"
</#if>
<#if keyTime??>
[=indent]    keyTime="[=keyTime]"
</#if>
[=indent]    interval="[=interval]"
[=indent]    from="[=from]"
<#if ahead??>
[=indent]    ahead="[=ahead]"
<#else>
[=indent]    until="[=until]"
</#if>
[=indent]    partitionPrefix="[=partitionPrefix]"<#if partitionSchema??>
[=indent]    partitionSchema="[=partitionSchema]"</#if><#if routing??>
[=indent]    routing="[=routing]"</#if><#if incomingForeignKeys??>
[=indent]    incomingForeignKeys="[=incomingForeignKeys]"</#if><@tuned "prepare" indent + "    "/><#if columns?has_content>>
<#list columns as column>
[=indent]  <partition:column name="[=column.name]" type="[=column.type]"<#if column.using??>
[=indent]      using="[=column.using]"</#if><#if column.reverseUsing??>
[=indent]      reverseUsing="[=column.reverseUsing]"</#if>/>
</#list>
[=indent]</partition:[=element]>
<#else>/>
</#if>
</#macro>
  <@about (kind == "table")?then("before", "beforeExchange")/>
  <changeSet id="[=prefix]-before" author="liquibase-partition" labels="prepare"
      logicalFilePath="[=logicalFilePath]">
<#if kind == "table">
    <preConditions onFail="HALT">
      <@newTable "partitionable" "      "/>
    </preConditions>
</#if>
    <tagDatabase tag="[=prefix]-before"/>
  </changeSet>

  <@about (kind == "table")?then("prepare", "prepareExchange")/>
  <changeSet id="[=prefix]-prepare" author="liquibase-partition" labels="prepare"<#if kind != "table"> runInTransaction="false"</#if>
      logicalFilePath="[=logicalFilePath]">
<#if columns?has_content>
    <preConditions onFail="HALT">
      <partition:sourceColumns [=source]>
<#list columns as column>
        <partition:column name="[=column.name]"/>
</#list>
      </partition:sourceColumns>
    </preConditions>
</#if>
    <comment>[=steps.prepared()]</comment>
<#if kind == "table">
    <@newTable "createPartitionedTable" "    "/>
<#else>
    <partition:prepareExchange [=source]
<#if throughTableName??>
        throughTableName="[=throughTableName]"
</#if>
        newTableName="[=newTableName]"
        interval="[=interval]"
<#if from??>
        from="[=from]"
        until="[=until]"
</#if>
        partitionPrefix="[=partitionPrefix]"/>
</#if>
  </changeSet>

  <@about "capture"/>
  <changeSet id="[=prefix]-capture" author="liquibase-partition" labels="copy" runInTransaction="false"
      logicalFilePath="[=logicalFilePath]">
    <comment>Records the keys of the rows of [=steps.leaving()] that are written from now on in [=deltaTableName]</comment>
    <partition:captureChanges [=source]
        deltaTableName="[=deltaTableName]"
        keyColumns="[=key]"<#if kind == "table">
        partitionColumns="[=partitionColumns?join(",")]"</#if><@tuned "capture" "        "/>/>
  </changeSet>

  <@about "copy"/>
  <changeSet id="[=prefix]-copy" author="liquibase-partition" labels="copy" runInTransaction="false"
      logicalFilePath="[=logicalFilePath]">
    <comment>Copies [=steps.leaving()] to [=newTableName] in chunks</comment>
    <partition:chunkedCopy [=source]
        newTableName="[=newTableName]"
        deltaTableName="[=deltaTableName]"
        keyColumns="[=key]"<@tuned "copy" "        "/>
        restart="${restartCopy}"/>
  </changeSet>

  <@about "index"/>
  <changeSet id="[=prefix]-index" author="liquibase-partition" labels="copy" runInTransaction="false"
      logicalFilePath="[=logicalFilePath]">
    <comment>Builds the key and the indexes of [=steps.leaving()] on [=newTableName]</comment>
    <partition:buildIndexes [=source]
        newTableName="[=newTableName]"<@tuned "index" "        "/>
        restart="${restartCopy}"/>
  </changeSet>

  <@about "replay"/>
  <changeSet id="[=prefix]-replay" author="liquibase-partition" labels="copy" runInTransaction="false"
      logicalFilePath="[=logicalFilePath]">
    <comment>Replays what was written to [=steps.leaving()] meanwhile into [=newTableName]</comment>
    <partition:replayChanges [=source]
        newTableName="[=newTableName]"
        deltaTableName="[=deltaTableName]"
        keyColumns="[=key]"<@tuned "replay" "        "/>
        restart="${restartCopy}"/>
  </changeSet>

  <@about "verify"/>
  <changeSet id="[=prefix]-verify" author="liquibase-partition" labels="verify" runInTransaction="false"
      logicalFilePath="[=logicalFilePath]">
    <preConditions onFail="HALT">
      <partition:copyComplete [=source]/>
    </preConditions>
    <comment>Compares [=steps.leaving()] with [=newTableName], row by row</comment>
    <partition:verifyCopy [=source]
        newTableName="[=newTableName]"
        deltaTableName="[=deltaTableName]"
        keyColumns="[=key]"<@tuned "verify" "        "/>
        restart="${restartCopy}"/>
  </changeSet>

  <@about "beforeSwap"/>
  <changeSet id="[=prefix]-before-swap" author="liquibase-partition" labels="swap"
      logicalFilePath="[=logicalFilePath]">
    <preConditions onFail="CONTINUE">
      <partition:swapped [=source]/>
      <partition:approved operation="swap" [=source] approvedTables="${swapApproved}"/>
    </preConditions>
    <tagDatabase tag="[=prefix]-before-swap"/>
  </changeSet>

  <@about (kind == "table")?then("swap", "exchange")/>
  <changeSet id="[=prefix]-swap" author="liquibase-partition" labels="swap" runInTransaction="false"
      logicalFilePath="[=logicalFilePath]">
    <preConditions onFail="CONTINUE">
      <partition:copyRestarted [=source] restart="${restartCopy}"/>
      <partition:approved operation="swap" [=source] approvedTables="${swapApproved}"<@tuned "approval" "          "/>/>
    </preConditions>
    <comment>[=steps.swapped()]</comment>
    <partition:[=(kind == "table")?then("lockedSwap", "exchangePartitions")] [=source]
        newTableName="[=newTableName]"
        backupTableName="[=backupTableName]"
        deltaTableName="[=deltaTableName]"
        keyColumns="[=key]"
        tagBefore="[=prefix]-before-swap"<@tuned (kind == "table")?then("swap", "exchange") "        "/>/>
  </changeSet>

  <@about "swapped"/>
  <changeSet id="[=prefix]-swapped" author="liquibase-partition" labels="swap"
      logicalFilePath="[=logicalFilePath]">
    <preConditions onFail="CONTINUE">
      <changeSetExecuted id="[=prefix]-swap" author="liquibase-partition" changeLogFile="[=logicalFilePath]"/>
      <partition:swapped [=source]/>
    </preConditions>
    <tagDatabase tag="[=prefix]-swapped"/>
  </changeSet>

  <@about "drop"/>
  <changeSet id="[=prefix]-drop" author="liquibase-partition" labels="drop" runInTransaction="false"
      logicalFilePath="[=logicalFilePath]">
    <preConditions onFail="CONTINUE">
      <partition:swapKept [=source] swapBack="${swapBack}"/>
      <partition:approved operation="drop" [=source] approvedTables="${dropApproved}"<@tuned "approval" "          "/>/>
      <partition:backupVerified [=source] onDifference="halt"<@tuned "backup" "          "/>/>
    </preConditions>
    <comment>Drops [=backupTableName][=throughTableName???then(" and those that left with it", "")], which [=(kind == "table")?then(tableName + " has", "other partitions have")] replaced</comment>
    <partition:dropBackup [=source]
        backupTableName="[=backupTableName]"
        deltaTableName="[=deltaTableName]"<@tuned "drop" "        "/>/>
  </changeSet>
<#if kind == "table">

  <@about "upkeep"/>
  <changeSet id="[=prefix]-upkeep" author="liquibase-partition" labels="upkeep" runAlways="true" runInTransaction="false"
      logicalFilePath="[=logicalFilePath]">
    <comment>Makes the partitions of [=tableName] that are missing [=steps.reach()]</comment>
    <partition:addPartitions [=source]
        <#if ahead??>ahead="[=ahead]"<#else>until="[=until]"</#if><@tuned "upkeep" "        "/>/>
  </changeSet>
<#if keep??>

  <@about "retire"/>
  <changeSet id="[=prefix]-retire" author="liquibase-partition" labels="upkeep" runAlways="true" runInTransaction="false"
      logicalFilePath="[=logicalFilePath]">
    <comment>[=steps.retired()]</comment>
    <partition:retirePartitions [=source]
        keep="[=keep]"
        retire="[=retire]"<#if retireSchema??>
        retireSchema="[=retireSchema]"</#if><#if archive??><#list archive as attribute, value>
        [=attribute]="[=value]"</#list></#if><@tuned "retire" "        "/>/>
  </changeSet>
<#if dropsRetired>

  <@about "dropRetired"/>
  <changeSet id="[=prefix]-drop-retired" author="liquibase-partition" labels="upkeep" runAlways="true" runInTransaction="false"
      logicalFilePath="[=logicalFilePath]">
<#if !retireApproval??>
    <preConditions onFail="CONTINUE">
      <partition:approved operation="retire" [=source] approvedTables="${retireApproved}"/>
    </preConditions>
</#if>
    <comment>DROPS what has left [=tableName][=steps.dropsRetired()]</comment>
    <partition:dropRetiredPartitions [=source]<@tuned "dropRetired" "        "/>/>
  </changeSet>
</#if>
</#if>
</#if>
