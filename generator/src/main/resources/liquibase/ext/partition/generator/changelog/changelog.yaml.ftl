<#import "steps.ftl" as steps>
# [=marker] from a table config. Do not edit: change the config and generate again.
# Include this file in your own changelog, or run it by itself.
databaseChangeLog:
  # The tables whose swap, drop, new copy or swap back is wanted: names with commas between them, or all. Give them on
  # the command line, for example -DswapApproved=orders, which goes before the values here.
  - property:
      name: swapApproved
      value: ""
  - property:
      name: dropApproved
      value: ""
<#if steps.asksToDropRetired(tables)>
  - property:
      name: retireApproved
      value: ""
</#if>
  - property:
      name: restartCopy
      value: ""
  - property:
      name: swapBack
      value: ""

<#list steps.about["asked"] as line>
  # [=line]
</#list>
  - preConditions:
    - tablesKnown:
        swapApproved: "${swapApproved}"
        dropApproved: "${dropApproved}"
<#if steps.asksToDropRetired(tables)>
        retireApproved: "${retireApproved}"
</#if>
        restartCopy: "${restartCopy}"
        swapBack: "${swapBack}"
<#list tables as table>
    - swapKept:
<#if table.schemaName??>
        schemaName: "[=table.schemaName]"
</#if>
        tableName: "[=table.tableName]"
        swapBack: "${swapBack}"
    - copyRestarted:
<#if table.schemaName??>
        schemaName: "[=table.schemaName]"
</#if>
        tableName: "[=table.tableName]"
        restart: "${restartCopy}"
</#list>
<#list tables as table>

  # ==== [=steps.heading(table)] ====

[=table.changesets?no_esc]<#rt>
</#list>
